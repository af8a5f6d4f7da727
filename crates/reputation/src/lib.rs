//! What is known of a caller and of what it asks for: networks, agents, probed paths
