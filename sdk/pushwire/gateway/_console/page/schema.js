// Reads the JSON Schemas of messages for the forms.

const DEFINITIONS = "#/definitions/";
const HINTS = {
  "scalar-bytes": "base64",
  "google.protobuf.Timestamp": "2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "1.5s",
  "google.protobuf.FieldMask": "name,address.street",
};

/** The types of messages that are edited as JSON, by their names. */
const AS_JSON = {
  "google.protobuf.Any": "Any",
  "google.protobuf.ListValue": "JSON list",
  "google.protobuf.Struct": "JSON object",
  "google.protobuf.Value": "JSON",
};

/** A schema with its definitions. */
export class Schema {
  constructor(root) {
    this.root = root;
    this.definitions = root.definitions ?? {};
  }

  /**
   * Return the shape of the values that a part of the schema describes.
   *
   * @returns {{kind: string, type: string}} with `kind` one of boolean, enum (with `names`), integer, json, list (with
   *   `item`), map (with `value`), message (with `fields` and `oneofs`), number, text.
   */
  shapeOf(part = this.root) {
    const reference = part.$ref ?? part.allOf?.find((each) => each.$ref)?.$ref;
    if (reference === undefined) return this.#inlineShape(part);
    const name = reference.slice(DEFINITIONS.length);
    const definition = this.definitions[name];
    const type = name.replace(/^scalar-/, "").replace(/^.*\./, "");
    if (Object.hasOwn(AS_JSON, name)) return { kind: "json", type: AS_JSON[name] };
    if (definition.properties) return { kind: "message", type, ...this.#fields(definition) };
    if (definition.anyOf?.[0].enum) return { kind: "enum", type, names: definition.anyOf[0].enum };
    if (name.startsWith("scalar-int") || name.startsWith("scalar-uint")) {
      return { kind: "integer", type, pattern: definition.pattern, isText: name.endsWith("64") };
    }
    if (name === "scalar-double" || name === "scalar-float")
      return { kind: "number", type, pattern: definition.pattern };
    if (definition.pattern) return { kind: "text", type, pattern: definition.pattern, hint: HINTS[name] };
    return definition.type.includes("object")
      ? { kind: "message", type, fields: [], oneofs: [] }
      : { kind: "json", type };
  }

  #inlineShape(part) {
    const types = [part.type].flat().filter((type) => type !== "null");
    if (types.length > 1) return { kind: "json", type: "JSON" };
    switch (types[0]) {
      case "boolean":
        return { kind: "boolean", type: "bool" };
      case "string":
        return { kind: "text", type: "string" };
      case "array":
        return part.items ? { kind: "list", type: "list", item: part.items } : { kind: "json", type: "JSON list" };
      default:
        return this.#mapShape(part);
    }
  }

  #mapShape(part) {
    const patterns = Object.entries(part.patternProperties ?? {});
    if (patterns.length) return { kind: "map", type: "map", value: patterns[0][1], keys: patterns[0][0] };
    if (part.additionalProperties) return { kind: "map", type: "map", value: part.additionalProperties };
    return { kind: "json", type: "JSON object" };
  }

  #fields(definition) {
    const oneofs = new Map();
    for (const { anyOf } of definition.allOf ?? []) {
      // The schema expresses a oneof by alternatives that each set some of its names to null; together they have all.
      const names = anyOf
        .flatMap((half) => Object.keys(half.properties ?? {}))
        .filter((name) => name in definition.properties);
      if (names.length) oneofs.set([...names].sort().join(), names);
    }
    const order = Object.keys(definition.properties);
    const sorted = [...oneofs.values()].map((names) =>
      names.sort((one, other) => order.indexOf(one) - order.indexOf(other)),
    );
    return { fields: Object.entries(definition.properties), oneofs: sorted };
  }
}

/** Return whether a text matches a pattern of a schema. */
export const fits = (pattern, text) => pattern === undefined || new RegExp(pattern, "u").test(text);
