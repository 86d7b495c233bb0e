"""The DynamoDB table of a connection store."""

from typing import cast

from aws_cdk import RemovalPolicy, Stack
from aws_cdk.aws_dynamodb import Attribute, AttributeType, BillingMode, Table, TableEncryption
from aws_cdk.aws_iam import Grant, IGrantable
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_lambda import Function
from constructs import Construct

from pushwire.cdk._grants import role_of
from pushwire.cdk.api import WebSocketApi
from pushwire.cdk.errors import InfrastructureError

__all__ = ["ConnectionTable"]

_SENDER = ("dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem")
"""The actions of `of_user`, `members` and `gone`."""

_ROUTER = (*_SENDER, "dynamodb:GetItem", "dynamodb:PutItem")

_VARIABLE = "PUSHWIRE_STORE"


class ConnectionTable(Construct):
    """The table of a `pushwire.store.DynamoDBStore`: on demand, without indexes, and with a TTL.

    A function depends on the stack of its table. If the API has functions of other stacks, define the table in the
    stack of these functions, or in a stack of its own.

    Args:
        scope: The parent construct.
        construct_id: The id of this construct.
        encryption_key: A customer-managed key. Defaults to `None`: a key that DynamoDB owns, without charge.
        removal_policy: What happens to the table when it is removed from the stack. Defaults to `DESTROY`, because
            connections end within two hours.
        deletion_protection: Whether the table cannot be deleted. Defaults to `False`.

    Attributes:
        table: The table.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
        deletion_protection: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = encryption_key
        self.table = Table(
            self,
            "Table",
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            encryption=TableEncryption.CUSTOMER_MANAGED if encryption_key is not None else None,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
            deletion_protection=deletion_protection,
        )

    def grant_router(self, grantee: IGrantable) -> Grant:
        """Grant what a router with this store needs. A function also gets the variable `PUSHWIRE_STORE`.

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.

        Raises:
            InfrastructureError: The table's stack has an API with functions of the grantee's stack.
        """
        return self._grant(grantee, _ROUTER)

    def grant_sender(self, grantee: IGrantable) -> Grant:
        """Grant what a Server SDK with this store needs: to read topics and users, and to remove gone connections.

        A function also gets the variable `PUSHWIRE_STORE`.

        Args:
            grantee: The function, role or other principal.

        Returns:
            The grant.

        Raises:
            InfrastructureError: The table's stack has an API with functions of the grantee's stack.
        """
        return self._grant(grantee, _SENDER)

    def _grant(self, grantee: IGrantable, actions: tuple[str, ...]) -> Grant:
        role = role_of(grantee)
        if role is not None and self._depends_on(Stack.of(role)):
            raise InfrastructureError(
                f"{cast('Construct', grantee).node.path} cannot use the table {self.node.path}: its stack also has "
                "functions behind an API of the table's stack, so the two stacks would depend on each other. Define "
                "the table in the stack of these functions, or in a stack of its own"
            )
        if isinstance(grantee, Function):
            grantee.add_environment(_VARIABLE, f"dynamodb:{self.table.table_name}")
        if self._key is not None:
            self._key.grant_encrypt_decrypt(grantee)
        return self.table.grant(grantee, *actions)

    def _depends_on(self, stack: Stack) -> bool:
        own = Stack.of(self)
        return stack.node.addr != own.node.addr and any(
            isinstance(each, WebSocketApi) and stack.node.addr in each.upstream_stacks() for each in own.node.find_all()
        )
