"""From order to fill: what members want, and what each interval's gate makes of it."""
