"""Money on loan to gateways: slices of budgets, which together never exceed them (see `contract.leases`)."""
