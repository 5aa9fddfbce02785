"""Who is asking, and may they: principals, authorization and quotas."""
