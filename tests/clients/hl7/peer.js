// One of other people's HL7 v2 programs, played by its library.
//   node peer.js send LIBRARY PORT COUNT [CA CERTIFICATE KEY]   sends COUNT messages, prints the acknowledgements as JSON
//   node peer.js serve LIBRARY PORT [CERTIFICATE KEY]           answers AA until its standard input ends
'use strict';
const fs = require('fs');
const [verb, library, portText, ...rest] = process.argv.slice(2);
const port = Number(portText);

function text(number) {
  return ['MSH|^~\\&|' + library.toUpperCase() + '|PEER|CAUSEWAY|NORTHGATE|20260302080000||ADT^A04^ADT_A01|' + library + '-' +
            process.pid + '-' + number + '|P|2.5.1',
          'EVN|A04|20260302080000',
          'PID|1||' + process.pid + number + '^^^PEER&2.16.840.1.113883.19.98&ISO^MR||Núñez^Zoë||19800101|F',
          'PV1|1|O'].join('\r') + '\r';
}

function tlsFor([ca, certificate, key]) {
  return ca && { ca: fs.readFileSync(ca), cert: fs.readFileSync(certificate), key: fs.readFileSync(key), servername: 'localhost' };
}

function within(promise, what) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(what + ': no answer')), 10000))]);
}

const clients = {
  async 'node-hl7-client'(count, files) {
    const { Client, Message } = require('node-hl7-client');
    const tls = tlsFor(files);
    const client = new Client({ host: '127.0.0.1', ...(tls ? { tls } : {}) });
    const answers = [];
    let arrived = () => {};
    const connection = client.createConnection({ port, waitAck: true }, async (response) => {
      const message = response.getMessage();
      answers.push([message.get('MSA.1').toString(), message.get('MSA.2').toString()]);
      arrived();
    });
    for (let i = 0; i < count; ++i) {
      const answered = new Promise((resolve) => { arrived = resolve; });
      await connection.sendMessage(new Message({ text: text(i) }));
      await within(answered, library);
    }
    await connection.close();
    return answers;
  },
  async 'simple-hl7'(count) {
    const hl7 = require('simple-hl7');
    const parser = new hl7.Parser({ segmentSeperator: '\r' });
    const client = hl7.Server.createTcpClient({ host: '127.0.0.1', port, keepalive: true });
    const answers = [];
    for (let i = 0; i < count; ++i) {
      const ack = await within(new Promise((resolve, reject) => {
        client.send(parser.parse(text(i)), (error, answer) => (error ? reject(error) : resolve(answer)));
      }), library);
      const msa = ack.getSegment('MSA');
      answers.push([String(msa.getField(1)), String(msa.getField(2))]);
    }
    client.close();
    return answers;
  },
  async medplum(count) {
    const { Hl7Client } = require('@medplum/hl7');
    const { Hl7Message } = require('@medplum/core');
    const client = new Hl7Client({ host: '127.0.0.1', port, keepAlive: true });
    const answers = [];
    for (let i = 0; i < count; ++i) {
      const answer = await within(client.sendAndWait(Hl7Message.parse(text(i))), library);
      const msa = answer.getSegment('MSA');
      answers.push([msa.getComponent(1, 1), msa.getComponent(2, 1)]);
    }
    await client.close();
    return answers;
  },
};

const servers = {
  'node-hl7-server'([certificate, key]) {
    const { Server } = require('node-hl7-server');
    const tls = certificate && { cert: fs.readFileSync(certificate), key: fs.readFileSync(key), rejectUnauthorized: false };
    const inbound = new Server({ bindAddress: '127.0.0.1', ...(tls ? { tls } : {}) }).createInbound({ port }, async (request, response) => {
      await response.sendResponse('AA');
    });
    inbound.on('listen', () => console.log('listening'));
  },
  'simple-hl7'() {
    const app = require('simple-hl7').tcp();
    app.use((request, response, next) => response.end());
    app.start(port);
    console.log('listening');
  },
  medplum() {
    const { Hl7Server } = require('@medplum/hl7');
    new Hl7Server((connection) => {
      connection.addEventListener('message', (event) => event.connection.send(event.message.buildAck()));
    }).start(port);
    console.log('listening');
  },
};

if (verb === 'send') {
  clients[library](Number(rest[0]), rest.slice(1)).then(
    (answers) => { console.log(JSON.stringify(answers)); process.exit(0); },
    (error) => { console.error(String(error)); process.exit(1); });
} else {
  servers[library](rest);
  process.stdin.on('end', () => process.exit(0)).resume();
}
