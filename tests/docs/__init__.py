"""The documentation as a site: what of it is made from the code, and tests that keep the rest true."""
