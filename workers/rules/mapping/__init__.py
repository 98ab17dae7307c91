"""Pure: one event of a chat -> good CRM data. Nothing here does I/O."""
