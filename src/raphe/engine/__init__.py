"""Model + Subjects + Regimen -> numbers."""
