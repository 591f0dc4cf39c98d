"""Rollcall on one's own machine: Azurite for storage, and a host that serves function_app.py as Azure Functions does.

Started by ``python -m scim.local``; never deployed.
"""
