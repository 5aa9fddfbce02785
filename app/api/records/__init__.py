"""Records in JSON, as every HTTP door takes and shows them."""
