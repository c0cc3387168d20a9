"""MLflow's databases and servers: their address, a client, and how a run is written there."""
