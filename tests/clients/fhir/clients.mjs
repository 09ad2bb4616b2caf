// Three FHIR clients that people use create, search, page, batch and patch against a server. One argument: its FHIR base.
import assert from "node:assert/strict";

const base = process.argv[2];
const unique = Math.random().toString(36).slice(2);
const patient = (given) => ({ resourceType: "Patient", identifier: [{ system: "urn:clients", value: unique }],
                              name: [{ family: `Family-${unique}`, given: [given] }], gender: "female" });
let held = 0;
async function check(name, work) {
    try {
        await work();
        ++held;
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`FAILED ${name}: ${error?.stack ?? error}`);
        process.exitCode = 1;
    }
}

await check("fhir-kit-client", async () => {
    const { Client } = await import("fhir-kit-client");
    const client = new Client({ baseUrl: base });
    const statement = await client.capabilityStatement();
    assert.equal(statement.fhirVersion, "4.0.1");
    const made = await client.create({ resourceType: "Patient", body: patient("Kit") });
    assert.ok(made.id);
    const read = await client.read({ resourceType: "Patient", id: made.id });
    assert.equal(read.name[0].given[0], "Kit");
    const updated = await client.update({ resourceType: "Patient", id: made.id, body: { ...read, active: true } });
    assert.equal(updated.meta.versionId, "2");
    const patched = await client.patch({ resourceType: "Patient", id: made.id,
        jsonPatch: [{ op: "replace", path: "/gender", value: "male" }] });
    assert.equal(patched.gender, "male");
    for (let i = 0; i < 4; ++i) await client.create({ resourceType: "Patient", body: patient(`Page${i}`) });
    let page = await client.search({ resourceType: "Patient", searchParams: { family: `Family-${unique}`, _count: 2 } });
    const seen = new Set();
    while (page) {
        for (const entry of page.entry ?? []) seen.add(entry.resource.id);
        page = await client.nextPage({ bundle: page });
    }
    assert.equal(seen.size, 5);
    const batch = await client.batch({ body: { resourceType: "Bundle", type: "batch",
        entry: [{ request: { method: "GET", url: `Patient/${made.id}` } }] } });
    assert.equal(batch.entry[0].resource.id, made.id);
    const transaction = await client.transaction({ body: { resourceType: "Bundle", type: "transaction",
        entry: [{ resource: patient("Tx"), request: { method: "POST", url: "Patient" } }] } });
    assert.match(transaction.entry[0].response.status, /^201/);
    const history = await client.history({ resourceType: "Patient", id: made.id });
    assert.equal(history.entry.length, 3);
    await client.delete({ resourceType: "Patient", id: made.id });
    await assert.rejects(client.read({ resourceType: "Patient", id: made.id }), (error) => error.response.status === 410);
});

await check("fhirclient", async () => {
    const { default: FHIR } = await import("fhirclient");
    // The first argument is the request that an app's server got; the client needs it for its URL and its storage.
    const request = Object.assign(new (await import("node:http")).IncomingMessage(null), { url: "/", headers: { host: "x" } });
    const client = FHIR(request, {}).client({ serverUrl: base });
    const made = await client.create(patient("Smart"));
    const pages = await client.request(`Patient?identifier=urn:clients|${unique}&_count=2`, { pageLimit: 0, flat: true });
    assert.ok(pages.some((one) => one.id === made.id));
    const changed = await client.update({ ...made, active: true });
    assert.equal(changed.active, true);
    const patched = await client.patch(`Patient/${made.id}`, [{ op: "replace", path: "/active", value: false }]);
    assert.equal(patched.active, false);
    const batch = await client.request({ url: `${base}/`, method: "POST", headers: { "Content-Type": "application/fhir+json" },
        body: JSON.stringify({ resourceType: "Bundle", type: "batch", entry: [{ request: { method: "GET", url: `Patient/${made.id}` } }] }) });
    assert.equal(batch.entry[0].resource.id, made.id);
    await client.delete(`Patient/${made.id}`);
});

await check("@medplum/core", async () => {
    const { MedplumClient } = await import("@medplum/core");
    const medplum = new MedplumClient({ baseUrl: new URL(base).origin + "/", fhirUrlPath: new URL(base).pathname.slice(1),
                                        fetch, cacheTime: 0 });
    const made = await medplum.createResource(patient("Med"));
    assert.equal((await medplum.readResource("Patient", made.id)).name[0].given[0], "Med");
    const again = await medplum.createResourceIfNoneExist(patient("Never"), `_id=${made.id}`);
    assert.equal(again.id, made.id);
    assert.ok((await medplum.searchResources("Patient", { identifier: `urn:clients|${unique}` })).length >= 1);
    const patched = await medplum.patchResource("Patient", made.id, [{ op: "add", path: "/active", value: true }]);
    assert.equal(patched.active, true);
    const batch = await medplum.executeBatch({ resourceType: "Bundle", type: "batch",
        entry: [{ request: { method: "GET", url: `Patient/${made.id}` } }] });
    assert.equal(batch.entry[0].resource.id, made.id);
    let count = 0;
    for await (const page of medplum.searchResourcePages("Patient", { identifier: `urn:clients|${unique}`, _count: "2" })) count += page.length;
    assert.ok(count >= 1);
    await medplum.deleteResource("Patient", made.id);
});

console.log(`${held} of 3 clients`);
