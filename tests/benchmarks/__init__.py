"""Measurements; nothing is asserted, and nothing here runs in CI."""
