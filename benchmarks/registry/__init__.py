"""What the registry's benchmark registers and asks for."""
