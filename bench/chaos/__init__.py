"""The storm: leads at a steady rate while processes are killed, Redis vanishes and HubSpot misbehaves; afterwards every
promise is checked against a model that shares nothing with the code under test. Run it with `make chaos`."""
