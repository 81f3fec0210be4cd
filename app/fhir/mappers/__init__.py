"""From facts to FHIR R4 resources: plain dicts, checked once."""
