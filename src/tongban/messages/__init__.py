"""What applicants are told when their case moves (P21(4)): written with the step, sent by whatever gateway there is.

Reading order: `states` (which step is told in which words), `wording`, `operations.writing`, `operations.sending`,
`gateways`.
"""
