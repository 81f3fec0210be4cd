"""Accounts: staff, units, roles, devices and sessions; who may do what."""
