"""What the server stores: entity types, validation, patches, versions, and how an entity is shown."""
