"""Type errors that checkers must report: exactly the lines that end in a comment."""

from apis_pushwire_cdk import ChatIntegrations, ChatWebSocketApi, PresenceIntegrations
from aws_cdk import App, Stack
from aws_cdk.aws_apigatewayv2 import ThrottleSettings
from aws_cdk.aws_apigatewayv2_integrations import WebSocketMockIntegration

from pushwire.cdk import WebSocketApi

stack = Stack(App(), "Chat")
mock = WebSocketMockIntegration("Mock")
all_ = ChatIntegrations.all(mock)

ChatIntegrations(join_room=mock)  # an operation is missing
ChatIntegrations(join_room=mock, ping=mock, pong=mock)  # an operation too many
ChatIntegrations(join_room=mock, ping=None)  # no integration
ChatIntegrations(mock, mock)  # not by keyword
ChatIntegrations.all("arn:aws:lambda")  # no integration for all
ChatWebSocketApi(stack, "A")  # without integrations
ChatWebSocketApi(stack, "B", integrations=PresenceIntegrations.mock())  # integrations of another service
ChatWebSocketApi(stack, "C", integrations=all_, trottle=ThrottleSettings())  # no such option
ChatWebSocketApi(stack, "D", integrations=all_, throttle=100)  # an option of another type
WebSocketApi(stack, "E", integrations=all_)  # one service where several stand
ChatWebSocketApi(stack, "F", integrations=all_).default_stage.grant_everything(stack)  # no such grant
