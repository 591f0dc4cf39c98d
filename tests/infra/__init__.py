"""The offline checker of the Bicep templates; ``__main__`` says how to run it."""
