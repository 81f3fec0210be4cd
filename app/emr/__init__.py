"""EMR: patients and appointments, as far as guidance needs them; orders and records come from above."""
