"""Where devices are read in Home Assistant: its Modbus connections, MQTT, and its entities."""
