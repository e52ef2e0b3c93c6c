# SPDX-License-Identifier: Apache-2.0
"""envoy.service.auth.v3 for Google's own library: the few messages of the call Check that the suite needs, with the field
numbers of external_auth.proto, attribute_context.proto, base.proto, address.proto and google/rpc/status.proto."""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

KIND = descriptor_pb2.FieldDescriptorProto
PACKAGE = "envoy.service.auth.v3"
CHECK = f"/{PACKAGE}.Authorization/Check"

# message: {field: (number, type)}; a type in capitals is a message, "*" before it a list, "map" one of texts.
MESSAGES = {
    "SocketAddress": {"address": (2, "string"), "port_value": (3, "uint32")},
    "Address": {"socket_address": (1, "SocketAddress")},
    "Peer": {"address": (1, "Address")},
    "HttpRequest": {"id": (1, "string"), "method": (2, "string"), "headers": (3, "map"), "path": (4, "string"),
                    "host": (5, "string"), "scheme": (6, "string"), "size": (9, "int64"), "protocol": (10, "string")},
    "Request": {"http": (2, "HttpRequest")},
    "AttributeContext": {"source": (1, "Peer"), "request": (4, "Request")},
    "CheckRequest": {"attributes": (1, "AttributeContext")},
    "Status": {"code": (1, "int32"), "message": (2, "string")},
    "HttpStatus": {"code": (1, "int32")},
    "HeaderValue": {"key": (1, "string"), "value": (2, "string")},
    "HeaderValueOption": {"header": (1, "HeaderValue")},
    "DeniedHttpResponse": {"status": (1, "HttpStatus"), "headers": (2, "*HeaderValueOption"), "body": (3, "string")},
    "OkHttpResponse": {"headers": (2, "*HeaderValueOption"), "headers_to_remove": (5, "*string")},
    "CheckResponse": {"status": (1, "Status"), "denied_response": (2, "DeniedHttpResponse"),
                      "ok_response": (3, "OkHttpResponse")},
}


def add_field(message, name, number, kind):
    field = message.field.add(name=name, number=number, label=KIND.LABEL_OPTIONAL)
    if kind == "map":
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        add_field(entry, "key", 1, "string")
        add_field(entry, "value", 2, "string")
        kind = f"*{message.name}.{entry.name}"
    if kind.startswith("*"):
        field.label, kind = KIND.LABEL_REPEATED, kind[1:]
    if kind[0].isupper():
        field.type, field.type_name = KIND.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(KIND, f"TYPE_{kind.upper()}")


def messages():
    file = descriptor_pb2.FileDescriptorProto(name="envoy_auth.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            add_field(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


ALL = messages()
CheckRequest, CheckResponse = ALL["CheckRequest"], ALL["CheckResponse"]
