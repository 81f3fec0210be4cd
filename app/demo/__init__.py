"""The demo hospital: its house, its people, a day in motion; a door like any other, services only."""
