"""Changes to an entity: from what a person wants to the JSON Patch that is sent, and back."""
