"""Whether what was contributed can be so: claim, evidence, verdict, units."""
