"""A task's lineage for OpenLineage.

Only the OpenLineage provider asks for it, so that its classes are imported here when it does, and need not be
installed otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.lineage.flow import Flow, LineageDataset


def to_openlineage(flow: Flow) -> Any:
    """Return an ``OperatorLineage``."""
    from airflow.providers.openlineage.extractors import OperatorLineage

    return OperatorLineage(
        inputs=[_build_input(data) for data in flow.inputs],
        outputs=[_build_output(data) for data in flow.outputs],
    )


def _build_input(data: LineageDataset) -> Any:
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import input_statistics_input_dataset as statistics

    facets = {}
    if data.rows is not None:
        facets["inputStatistics"] = statistics.InputStatisticsInputDatasetFacet(rowCount=data.rows)
    return InputDataset(data.name.namespace, data.name.name, facets=_build_version(data), inputFacets=facets)


def _build_output(data: LineageDataset) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    facets = {}
    if data.rows is not None:
        facets["outputStatistics"] = statistics.OutputStatisticsOutputDatasetFacet(
            rowCount=data.rows, size=data.bytes
        )
    return OutputDataset(
        data.name.namespace, data.name.name, facets=_build_version(data), outputFacets=facets
    )


def _build_version(data: LineageDataset) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_version_dataset

    if data.version is None:
        return {}
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=data.version)}
