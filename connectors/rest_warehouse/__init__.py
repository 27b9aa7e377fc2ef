"""A warehouse that serves the hub's own REST contract, docs/warehouse-api.yaml."""

from connectors.rest_warehouse.connector import RestWarehouseConnector

CONNECTOR = RestWarehouseConnector
