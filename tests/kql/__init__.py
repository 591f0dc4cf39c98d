"""The queries in infra/: checked by Kusto's own parser, and evaluated over rows as Log Analytics would have them."""
