"""Writes shapes/: what a call needs to know of the operations that the catalog reads with.

    python shared/drift-catalog/generate/shapes.py            # write
    python shared/drift-catalog/generate/shapes.py --check    # fail where what is written is stale

The source is botocore's service models and endpoint rules. What each protocol does with names is decided here, so that
the reader of the table only ever sees "this member is called that on the wire".

One file a service:

    protocol    ec2, query, json, rest-json or rest-xml; with `version` or `json_version` and `target` as it needs
    signing     the name to sign for
    endpoints   variant -> host template, by region, else by partition; null where there is none
    regions     the region to sign for where it is not the place's, by partition
    operations  method, path, input, output and, for `query`, the element that wraps the result
    inputs, outputs   the shapes that those reach, by name

A shape is `{"members": {name: member}}`, `{"list": member}` or `{"map": member}`; a member is a type alone or a table with
`type` and what differs from the plain case. A type is `string`, `integer`, `float`, `boolean`, `blob`, `document`,
`timestamp` (`timestamp:unix`, `timestamp:http`, `timestamp:iso8601` in inputs) or `#Name`.
"""

import argparse
import difflib
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError

CRATE = Path(__file__).resolve().parent.parent
SHAPES = CRATE / "shapes"
LOADER = botocore.session.get_session().get_component("data_loader")
VARIANTS = {"plain": (False, False), "fips": (True, False), "dualstack": (False, True), "fips-dualstack": (True, True)}
# The operations that the program itself makes untyped: nothing in the catalog reads with them.
ALWAYS = {("secretsmanager", "GetSecretValue"), ("ssm", "GetParameter"), ("sts", "GetCallerIdentity")}
# Answers whose root element is the member's value, not a structure that holds it.
ROOT_IS_MEMBER = {("s3", "GetBucketLocation"): "LocationConstraint"}


def operations():
    """The operations that the catalog's reads name, by service."""
    found = {}
    for service, operation in sorted(ALWAYS):
        found.setdefault(service, set()).add(operation)
    for path in sorted((CRATE / "catalog").rglob("*.toml")):
        file = tomllib.loads(path.read_text())
        if file.get("service") == "github":
            continue  # botocore knows nothing of it
        for resource in file.get("resource", []):
            for read in resource.get("read", []):
                service = read.get("service") or resource.get("service") or file["service"]
                found.setdefault(service, set()).add(read["operation"])
    return found


def partitions():
    data = LOADER.load_data("partitions")["partitions"]
    return {
        partition["id"]: {
            "suffix": partition["outputs"]["dnsSuffix"],
            "dualstack_suffix": partition["outputs"]["dualStackDnsSuffix"],
            "global_region": partition["outputs"]["implicitGlobalRegion"],
        }
        for partition in data
    }


def regions():
    """Every region, with its partition; the pseudo regions left out."""
    for partition in LOADER.load_data("partitions")["partitions"]:
        for region in sorted(partition["regions"]):
            if not region.endswith("-global"):
                yield partition["id"], region


class Table:
    """The shapes that one direction of a service's operations reaches."""

    def __init__(self, model, protocol, direction):
        self.model, self.protocol, self.direction = model, protocol, direction
        self.shapes = {}

    def type_of(self, shape, location=None):
        kind = shape["type"]
        if kind in ("structure", "list", "map"):
            if shape.get("document"):
                return "document"
            return "#" + shape["name"]
        if kind == "timestamp":
            return self.timestamp(shape, location)
        return {"character": "string", "long": "integer", "double": "float", "bigdecimal": "float"}.get(kind, kind)

    def timestamp(self, shape, location):
        """Answers are parsed by what they look like; for what is sent the format must be known."""
        body = "unix" if "json" in self.protocol else "iso8601"
        usual = {"header": "http", "querystring": "iso8601", "uri": "iso8601"}.get(location, body)
        names = {"unixTimestamp": "unix", "rfc822": "http", "iso8601": "iso8601"}
        written = names[shape["timestampFormat"]] if "timestampFormat" in shape else usual
        return "timestamp" if self.direction == "output" else f"timestamp:{written}"

    def resolve(self, reference):
        """The shape a reference names, with what the reference itself adds."""
        return {**self.model["shapes"][reference["shape"]], **reference, "name": reference["shape"]}

    def add(self, reference):
        shape = self.resolve(reference)
        kind = shape["type"]
        if kind not in ("structure", "list", "map") or shape.get("document") or shape["name"] in self.shapes:
            return
        self.shapes[shape["name"]] = None
        if kind == "structure":
            table = self.structure(shape)
        elif kind == "list":
            table = {"list": self.member(shape["member"], "member", self.item_wire(shape))}
        else:
            table = self.map(shape)
        self.shapes[shape["name"]] = table

    def item_wire(self, shape):
        return self.resolve(shape["member"]).get("locationName") or "member"

    def map(self, shape):
        table = {"map": self.member(shape["value"], "value", "value")}
        for part in ("key", "value"):
            wire = self.resolve(shape[part]).get("locationName", part)
            if wire != part:
                table[part] = wire
        if self.model["shapes"][shape["key"]["shape"]]["type"] != "string":
            sys.exit(f"{shape['name']}: a map whose keys are not strings")
        return table

    def structure(self, shape):
        required = set(shape.get("required", [])) if self.direction == "input" else set()
        payload = shape.get("payload")
        members = {}
        for name, reference in sorted(shape["members"].items()):
            member = self.member(reference, name, self.wire(reference, name))
            extra = {}
            if name in required:
                extra["required"] = True
            if name == payload:
                extra["payload"] = True
            if extra:
                member = {**({"type": member} if isinstance(member, str) else member), **extra}
            members[name] = member
        return {"members": members}

    def wire(self, reference, name):
        """What a member of a structure is called on the wire: botocore's rules, serialiser and parser."""
        full = self.resolve(reference)
        wire = full.get("locationName")
        if self.protocol == "ec2" and self.direction == "input":
            return full.get("queryName") or (wire[0].upper() + wire[1:] if wire else name)
        xml = self.protocol in ("ec2", "query", "rest-xml")
        if xml and full["type"] == "list" and full.get("flattened"):
            return self.resolve(full["member"]).get("locationName") or wire or name
        return wire or name

    def member(self, reference, name, wire):
        self.add(reference)
        full = self.resolve(reference)
        location = {"statusCode": "status"}.get(reference.get("location"), reference.get("location"))
        member = {"type": self.type_of(full, reference.get("location"))}
        if wire != name:
            member["wire"] = wire
        if location:
            member["in"] = location
        if full.get("flattened") and "json" not in self.protocol:
            member["flat"] = True
        if full.get("xmlAttribute"):
            member["attribute"] = True
        if full.get("jsonvalue"):
            member["json"] = True
        if reference.get("streaming") or reference.get("eventstream"):
            sys.exit(f"{name}: streams are not supported")
        return member["type"] if list(member) == ["type"] else member


def service_table(service, names, all_partitions):
    model = LOADER.load_service_model(service, "service-2")
    metadata = model["metadata"]
    protocol = metadata["protocol"]
    table = {"protocol": protocol}
    if protocol in ("ec2", "query"):
        table["version"] = metadata["apiVersion"]
    if protocol == "json":
        table["json_version"] = metadata["jsonVersion"]
        table["target"] = metadata["targetPrefix"]
    table["id"] = metadata["serviceId"]
    table["signing"] = metadata.get("signingName", metadata["endpointPrefix"])
    table.update(endpoints(service, table["signing"], all_partitions))

    inputs, outputs = Table(model, protocol, "input"), Table(model, protocol, "output")
    table["operations"] = {}
    for name in sorted(names):
        if name not in model["operations"]:
            sys.exit(f"{service}: the catalog reads with {name}, which is no operation of it")
        operation = model["operations"][name]
        for unsupported in ("endpoint", "httpChecksum", "requestcompression"):
            if unsupported in operation and not (unsupported == "httpChecksum" and "requestAlgorithmMember" not in operation[unsupported]):
                sys.exit(f"{service}:{name}: {unsupported} is not supported by the untyped call")
        entry = {}
        if operation["http"]["method"] != "POST" or operation["http"]["requestUri"] != "/":
            entry["method"] = operation["http"]["method"]
            entry["path"] = operation["http"]["requestUri"]
        if "input" in operation:
            inputs.add(operation["input"])
            entry["input"] = operation["input"]["shape"]
        if "output" in operation:
            outputs.add(operation["output"])
            entry["output"] = operation["output"]["shape"]
            if "resultWrapper" in operation["output"]:
                entry["wrapper"] = operation["output"]["resultWrapper"]
        if (service, name) in ROOT_IS_MEMBER:
            entry["root"] = ROOT_IS_MEMBER[service, name]
        table["operations"][name] = entry
    table["inputs"] = dict(sorted(inputs.shapes.items()))
    table["outputs"] = dict(sorted(outputs.shapes.items()))
    return table


def resolve(provider, region, fips, dualstack):
    """(host, region to sign for or None, name to sign for or None), or None where the rules have no such endpoint."""
    try:
        endpoint = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack)
    except EndpointProviderError:
        return None
    schemes = [scheme for scheme in endpoint.properties.get("authSchemes", []) if scheme["name"] == "sigv4"]
    scheme = schemes[0] if schemes else {}
    return endpoint.url.removeprefix("https://"), scheme.get("signingRegion"), scheme.get("signingName")


def endpoints(service, signing, all_partitions):
    """Templates that give, for every region and variant, what botocore's rules give."""
    provider = EndpointProvider(LOADER.load_service_model(service, "endpoint-rule-set-1"), LOADER.load_data("partitions"))
    hosts, signed = {}, {}
    for variant, (fips, dualstack) in VARIANTS.items():
        answers = {}
        for partition, region in regions():
            answer = resolve(provider, region, fips, dualstack)
            template = None
            if answer:
                host, sign_region, sign_name = answer
                if sign_name and sign_name != signing:
                    sys.exit(f"{service}: signs as {sign_name} in {region}, not as {signing}")
                template = templated(host, region, all_partitions[partition])
                signed.setdefault(partition, set()).add("" if sign_region in (None, region) else sign_region)
            answers[partition, region] = template
        hosts[variant] = compressed(answers)
    regions_to_sign = {}
    for partition, found in sorted(signed.items()):
        if named := found - {""}:
            if len(named) > 1:
                sys.exit(f"{service}: signs for {sorted(named)} in {partition}")
            regions_to_sign[partition] = named.pop()
    return {"endpoints": hosts, **({"regions": regions_to_sign} if regions_to_sign else {})}


def templated(host, region, partition):
    host = host.replace(region, "{region}")
    for name in ("dualstack_suffix", "suffix"):
        suffix = partition[name]
        if host.endswith("." + suffix):
            return host.removesuffix(suffix) + "{" + name + "}"
    return host


def compressed(answers):
    """The commonest template as `*`, what a partition has else, and what a region has else in turn."""
    commonest = Counter(answers.values()).most_common(1)[0][0]
    rules = {"*": commonest}
    for partition in sorted({partition for partition, _ in answers}):
        own = {region: template for (of, region), template in answers.items() if of == partition}
        usual = Counter(own.values()).most_common(1)[0][0]
        if usual != commonest:
            rules[partition] = usual
        rules.update({region: template for region, template in sorted(own.items()) if template != usual})
    return rules


def rendered(table):
    """JSON with one line an entry: small, and a change of the model is a change of few lines."""
    lines = []
    for key, value in table.items():
        if isinstance(value, dict) and value:
            entries = [f"    {json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}" for name, entry in value.items()]
            lines.append(f"  {json.dumps(key)}: {{\n" + ",\n".join(entries) + "\n  }")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def files():
    known = partitions()
    yield SHAPES / "partitions.json", rendered(known)
    services = operations()
    for service, names in sorted(services.items()):
        yield SHAPES / f"{service}.json", rendered(service_table(service, names, known))
    listing = ["/// The tables of shapes, by service, in order.", "pub(super) const TABLES: &[(&str, &str)] = &["]
    listing += [f'    ("{service}", include_str!("../../shapes/{service}.json")),' for service in sorted(services)]
    yield CRATE / "src/shapes/tables.rs", "\n".join([*listing, "];", ""])


def main():
    parser = argparse.ArgumentParser(description="Writes shapes/ from botocore's models.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where what is written is stale")
    check = parser.parse_args().check
    wanted = dict(files())
    stale = [path for path in sorted(SHAPES.glob("*.json")) if path not in wanted]
    for path, text in wanted.items():
        written = path.read_text() if path.exists() else ""
        if text == written:
            continue
        if check:
            stale.append(path)
            sys.stderr.writelines(difflib.unified_diff(written.splitlines(True), text.splitlines(True), str(path), "generated", n=0))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if check and stale:
        names = ", ".join(str(path.relative_to(CRATE)) for path in stale)
        sys.exit(f"stale: {names}\nrun: python {Path(__file__).name}, and commit what it writes")
    if not check:
        for path in stale:
            path.unlink()


if __name__ == "__main__":
    main()
