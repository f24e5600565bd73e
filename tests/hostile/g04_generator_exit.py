# row: G4
# attack: GeneratorExit
# outcome: zero
# status: error
# says: GeneratorExit
def row_sums(x):
    raise GeneratorExit
