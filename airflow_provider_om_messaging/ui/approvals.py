"""The questions that a run asks of people, who may answer them, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.hitl import HITLDetail
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from fastapi import HTTPException
from sqlalchemy import select

from airflow_provider_om_messaging.ui.task_results import TaskKey

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from fastapi import Request
    from sqlalchemy.orm import Session

NOTE = "note"
"""The parameter of an approval that takes what a person writes to an answer."""
_WAITING = {"deferred", "awaiting_input", "running"}


@dataclass(frozen=True)
class Approval:
    """
    One question.

    :param task: the task that asks.
    :param detail: the question and its answer, as Airflow keeps it.
    :param is_open: whether it waits for an answer.
    :param may_answer: whether this user is one who may give it.
    """

    task: TaskKey
    detail: Any
    is_open: bool
    may_answer: bool


def list_approvals(session: Session, request: Request, run_id: str, user: BaseUser) -> list[Approval]:
    """Return the questions of a run of the DAG in a request's path; none if the user may not see them."""
    if not _is_allowed("GET", request, user):
        return []
    may_answer = _is_allowed("PUT", request, user)
    query = (
        select(HITLDetail, TaskInstance)
        .join(TaskInstance, HITLDetail.ti_id == TaskInstance.id)
        .where(TaskInstance.dag_id == request.path_params["dag_id"], TaskInstance.run_id == run_id)
        .order_by(HITLDetail.created_at)
    )
    return [
        Approval(
            task=TaskKey(task.task_id, task.map_index),
            detail=detail,
            is_open=detail.responded_at is None and task.state in _WAITING and not detail.multiple,
            may_answer=may_answer and _is_assigned(detail, user),
        )
        for detail, task in session.execute(query).unique()
    ]


def list_upstream(session: Session, dag_id: str, task_id: str) -> set[str]:
    """Return the tasks that come before one, and the task itself."""
    dag = SerializedDagModel.get_dag(dag_id, session=session)
    if dag is None or not dag.has_task(task_id):
        return {task_id}
    return {task_id, *dag.get_task(task_id).get_flat_relative_ids(upstream=True)}


def belongs_to(task: TaskKey, plan: TaskKey) -> bool:
    """Return whether two task instances may go together: of mapped ones those of the same index."""
    return -1 in {task.map_index, plan.map_index} or task.map_index == plan.map_index


def _is_allowed(method: ResourceMethod, request: Request, user: BaseUser) -> bool:
    """Ask as a route of Airflow's would, with the DAG in the request's path."""
    try:
        requires_access_dag(method, DagAccessEntity.HITL_DETAIL)(request, user)
    except HTTPException:
        return False
    return True


def _is_assigned(detail: Any, user: BaseUser) -> bool:
    ids = {assigned["id"] for assigned in detail.assigned_users or ()}
    return not ids or get_auth_manager().is_authorized_hitl_task(assigned_users=ids, user=user)
