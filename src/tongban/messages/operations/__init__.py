"""Every write on messages: `writing` when a case moves, `sending` by gateways, `wordings` by administrators."""
