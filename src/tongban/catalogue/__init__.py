"""Items, procedures and acceptance standards: what may be applied for and by which rules."""
