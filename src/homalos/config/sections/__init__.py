"""One file a section; each key is declared here and nowhere else."""
