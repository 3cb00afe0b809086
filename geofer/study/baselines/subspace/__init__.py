"""The classical baselines of Tables IV and VII as scikit-learn estimators, one method a file.

Those of one view are scikit-learn transformers. Those of several views know each face's view, its pose bin:
`multi_view.MultiViewEstimator`.
"""

from geofer.study.extra import need

need("sklearn")
