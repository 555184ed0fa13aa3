"""The two forms: wording, frozen PDF, signature and verification.

Reading order: wording (what a form says), pdf (how it looks), signature (how it proves itself), models,
operations (prepare, then issue: the bytes that were previewed are the ones stored and printed), queries.
Inside the app: operations > queries > models; pdf > signature | fonts > wording.
"""
