"""The permissions for a stage, for stages of this app and imported ones."""

from collections.abc import Collection
from typing import Final, cast

from aws_cdk import Stack
from aws_cdk.aws_iam import Grant, IGrantable, IRole, Policy
from aws_cdk.aws_lambda import FunctionBase
from constructs import Construct

from pushwire.callback_url import ENVIRONMENT_VARIABLE
from pushwire.cdk._functions import function_of
from pushwire.cdk.errors import InfrastructureError

__all__ = ["StageGrants", "role_of"]

_INVOKE: Final = "execute-api:Invoke"
_MANAGE: Final = "execute-api:ManageConnections"
_MARK: Final = "PushwireApi-"
"""The prefix of the id of a construct that marks a function with the stage of its callback URL."""


class StageGrants(Construct):
    """Base of the constructs of a stage: a grant for each permission, and a grant with the callback URL.

    A grant to a role of another stack is a policy of the role's stack. It is a policy of this stack if the API has
    functions of that stack, because two stacks cannot depend on each other.
    """

    def grant_sdk(self, function: FunctionBase) -> Grant:
        """Give a function `PUSHWIRE_CALLBACK_URL` and the permission to send, for use of the Server SDK.

        Functions behind integrations have both. Use this method for other functions, such as those of a Step Functions
        workflow.

        Args:
            function: The function, or its alias or version.

        Returns:
            The grant of the permission to send.

        Raises:
            InfrastructureError: The function is not defined in this app, sends to another stage, or is in a stack that
                has functions behind this API.
        """
        defined = function_of(function)
        if defined is None:
            raise InfrastructureError(
                f"{function.node.path} is not defined in this app, so its environment cannot be changed; set "
                f"{ENVIRONMENT_VARIABLE} where it is defined, and call grant_send(function)"
            )
        if self._depends_on(Stack.of(defined)):
            raise InfrastructureError(
                f"{defined.node.path} cannot have the variable {ENVIRONMENT_VARIABLE}: its stack also has functions "
                "behind this API, so the two stacks would depend on each other. Call grant_send(function), and take "
                "the URL from the event or from a parameter at run time; or define the function in the API's stack"
            )
        mark = f"{_MARK}{self.node.addr}"
        marks = {child.node.id for child in defined.node.children if child.node.id.startswith(_MARK)}
        if marks - {mark}:
            raise InfrastructureError(
                f"{defined.node.path} has the {ENVIRONMENT_VARIABLE} of another API or stage; use a function for each, "
                "or pass disable_grants_to_integrations=True and call grant_send(function)"
            )
        if not marks:
            Construct(defined, mark)
            defined.add_environment(ENVIRONMENT_VARIABLE, self._url_for_posts())
        return self.grant_send(cast("IGrantable", function))

    def grant_connect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to connect (to invoke `$connect`), for APIs with an IAM authorizer.

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _INVOKE, "$connect")

    def grant_send(self, grantee: IGrantable) -> Grant:
        """Grant the permission to send messages to clients (`POST` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, "POST/@connections/*")

    def grant_disconnect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to disconnect clients (`DELETE` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, "DELETE/@connections/*")

    def grant_inspect(self, grantee: IGrantable) -> Grant:
        """Grant the permission to read the state of connections (`GET` on connections).

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(grantee, _MANAGE, "GET/@connections/*")

    def grant_management_api_access(self, identity: IGrantable) -> Grant:
        """Grant all permissions on connections (`POST`, `DELETE` and `GET`).

        Args:
            identity: The function, role or other principal.

        Returns:
            The grant.
        """
        return self._grant(identity, _MANAGE, "*/@connections/*")

    def _url_for_posts(self) -> str:
        """Return the callback URL. Why not an abstract property: it would hide the one of CDK's stage."""
        raise NotImplementedError

    def _resource_arn(self, resource: str) -> str:
        """Return the ARN of a resource of the stage."""
        raise NotImplementedError

    def _upstream_stacks(self) -> Collection[str]:
        """Return the addresses of the stacks whose functions the API has."""
        return ()

    def _depends_on(self, stack: Stack) -> bool:
        return stack.node.addr != Stack.of(self).node.addr and stack.node.addr in self._upstream_stacks()

    def _grant(self, grantee: IGrantable, action: str, resource: str) -> Grant:
        role = role_of(grantee)
        if role is not None and self._depends_on(Stack.of(role)):
            name = f"{role.node.addr}-{resource.partition('/')[0]}"
            policy = self.node.try_find_child(name) or Policy(self, name, roles=[role])
            grantee = cast("IGrantable", policy)
        return Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=[self._resource_arn(resource)])


def role_of(grantee: object) -> IRole | None:
    """Return the role of a function, or the role itself; `None` for another principal."""
    role = getattr(grantee, "role", grantee)
    return cast("IRole", role) if hasattr(role, "role_arn") and hasattr(role, "node") else None
