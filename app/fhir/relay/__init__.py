"""The way out: promises become bundles, and answers become what is known of the target."""
