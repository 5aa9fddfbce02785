"""The registry: register, look up, delete, check, settings; what clients may ask, without HTTP."""
