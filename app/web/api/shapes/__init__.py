"""What the API gives, by subject: fields may be added, never renamed."""
