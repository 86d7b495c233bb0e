"""The emitters, one for each target. Each returns the text of a module, or the documents of all contracts."""
