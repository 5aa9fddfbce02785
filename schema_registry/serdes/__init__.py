"""Values to bytes and back, with the schemas of the registry: for doors that carry data."""
