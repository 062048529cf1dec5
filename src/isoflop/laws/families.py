"""The families of the catalogue; a new family file is added to this list."""

from isoflop.laws import (
    architecture,
    broken,
    chinchilla,
    data,
    data_value,
    downstream,
    farseer,
    hyperparameters,
    mixing,
    modality,
    multipower,
    power,
    precision,
    pretraining,
    qat,
    reinforcement,
    routing,
    schedule,
    sparsity,
    testtime,
)
from isoflop.laws.law import Law

# Files of one family stand together: listings go through the families in this order.
FAMILIES: tuple[tuple[Law, ...], ...] = (
    power.LAWS,
    chinchilla.LAWS,
    pretraining.LAWS,
    farseer.LAWS,
    broken.LAWS,
    data.LAWS,
    data_value.LAWS,
    mixing.LAWS,
    precision.LAWS,
    qat.LAWS,
    sparsity.LAWS,
    architecture.LAWS,
    routing.LAWS,
    modality.LAWS,
    schedule.LAWS,
    (multipower.MULTI_POWER,),
    hyperparameters.LAWS,
    downstream.LAWS,
    reinforcement.LAWS,
    testtime.LAWS,
)
