"""Writes drift-aws's test fixture of endpoints: what botocore's rules resolve, for the catalog's services in every region.

    python shared/drift-catalog/generate/endpoints.py            # write
    python shared/drift-catalog/generate/endpoints.py --check    # fail where what is written is stale

One line a case: service, partition, region, variant, URL (`-` where there is none) and the region to sign for. Buckets are
resolved in a few regions: `service` is then `s3/<bucket>`.
"""

import argparse
import sys
from pathlib import Path

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from shapes import LOADER, VARIANTS, operations, regions

FIXTURE = Path(__file__).resolve().parents[2] / "drift-aws/src/native/endpoints.txt"
BUCKETS = ["logs", "with.dots", "with-dash-9"]
BUCKET_REGIONS = {"us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"}


def cases():
    partitions = LOADER.load_data("partitions")
    for service in sorted(operations()):
        provider = EndpointProvider(LOADER.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for partition, region in regions():
            buckets = BUCKETS if service == "s3" and region in BUCKET_REGIONS else []
            for bucket in [None, *buckets]:
                for variant, (fips, dualstack) in VARIANTS.items():
                    asked = {"Region": region, "UseFIPS": fips, "UseDualStack": dualstack} | ({"Bucket": bucket} if bucket else {})
                    try:
                        endpoint = provider.resolve_endpoint(**asked)
                    except EndpointProviderError:
                        url, signed = "-", "-"
                    else:
                        # The path names the bucket where the host does not.
                        url = endpoint.url.removesuffix(f"/{bucket}")
                        schemes = [scheme for scheme in endpoint.properties.get("authSchemes", []) if scheme["name"] == "sigv4"]
                        signed = (schemes[0] if schemes else {}).get("signingRegion", region)
                    yield " ".join([f"{service}/{bucket}" if bucket else service, partition, region, variant, url, signed])


def main():
    parser = argparse.ArgumentParser(description="Writes the fixture of endpoints from botocore's rules.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where what is written is stale")
    check = parser.parse_args().check
    text = "\n".join(cases()) + "\n"
    if not check:
        FIXTURE.write_text(text)
    elif not FIXTURE.exists() or FIXTURE.read_text() != text:
        sys.exit(f"stale: {FIXTURE.name}\nrun: python {Path(__file__).name}, and commit what it writes")


if __name__ == "__main__":
    main()
