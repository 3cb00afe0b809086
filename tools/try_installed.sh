#!/usr/bin/env bash
# Tries an installed geofer as a newcomer would, in an empty folder: a photograph, a small training, a test.
#   pip install . && bash tools/try_installed.sh
# GEOFER names another command than the one on the PATH.
set -euo pipefail
geofer=${GEOFER:-geofer}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$geofer" recognize --sample | tee recognized.txt
grep -q happiness recognized.txt
"$geofer" configs | grep "^data/kdef "
small=(--data.train_subjects 2 --data.val_subjects 1 --data.test_subjects 1 --data.views 2 --data.root "$work/cache"
       --data.batch_size 4 --trainer.max_epochs 1 --trainer.check_val_every_n_epoch 1)
"$geofer" fit --config quickstart "${small[@]}"
"$geofer" test --config quickstart "${small[@]}"
test -s runs/quickstart/test_metrics.json
echo "This installation works."
