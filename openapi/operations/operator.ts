import type { OPERATOR_ROUTES } from '../../src/routes/operator/routes.ts'
import { Doctor, Health, Recovery, Run } from '../schemas/operation.ts'
import type { Operation, Operations } from './operation.ts'
import { pageOf } from './shop.ts'

/** The operations of the operator and of an external monitor. */
export const OPERATOR_OPERATIONS = {
  'GET /runs': {
    id: 'listRuns',
    summary: 'Runs of the cron, newest first',
    pages: 'newest',
    answers: { 200: pageOf('runs', Run) },
    codes: ['invalid_request'],
  },
  'POST /recover': {
    id: 'recover',
    summary: 'Begins the recovery after a restore of the database',
    more: '`since` is the time to which the database was restored. Read [what to do first](operations.md#after-restoring-the-database).',
    answers: { 202: { schema: Recovery, description: 'Begun; GET /runs has its progress' } },
    codes: ['invalid_request'],
  },
  'GET /doctor': {
    id: 'getDoctor',
    summary: 'Every check of the installation, and how to mend what is wrong',
    more: '`lang=zh` has the sentences in Chinese. It answers while the configuration is wrong, too. `HEAD` is 405. [All checks](operations.md#the-doctor).',
    answers: { 200: { schema: Doctor, description: 'What was found' } },
    codes: [],
    never: ['internal', 'store_unavailable'],
  },
  'POST /doctor': {
    id: 'postDoctor',
    summary: 'The same, with the checks that leave a trace',
    more: 'It sends a test message to the group, writes an entry of KV, and asks WeChat for a refund that cannot be.',
    answers: { 200: { schema: Doctor, description: 'What was found' } },
    codes: [],
    never: ['internal', 'store_unavailable'],
  },
  'GET /health': {
    id: 'getHealth',
    summary: 'Whether payments are taken and found',
    more: 'With a token it has ages and counts, too. The answer may be some seconds old.',
    answers: {
      200: { schema: Health, description: 'ok or degraded' },
      503: { schema: Health, description: 'down' },
    },
    codes: [],
    never: ['store_unavailable'],
  },
  'GET /metrics': {
    id: 'getMetrics',
    summary: 'Figures for Prometheus',
    more: 'With METRICS_TOKEN as the token; 404 while there is none. [What the figures mean](operations.md#metrics).',
    answers: { 200: { types: ['text/plain'], description: 'Text format 0.0.4' } },
    codes: ['not_found'],
  },
} satisfies Operations<typeof OPERATOR_ROUTES>

/** The document itself, which the Worker answers without its route table, because it needs no configuration. */
export const DOCUMENT_OPERATION = {
  id: 'getOpenapi',
  summary: 'This document',
  answers: { 200: { types: ['application/json'], description: 'OpenAPI 3.1' } },
  codes: [],
  never: ['internal', 'misconfigured', 'store_unavailable'],
} satisfies Operation
