/** What programs that use this package may import: the messages of the protocol as types, contracts, and errors. */
export type {
  Adapter,
  Configuration,
  Introduction,
  NodeFacts,
  ProgramObservations,
  ContractRefused,
  ProgramSkipped,
  RunOptions,
} from '../adapters/wire/adapter.ts';
export { decodeBytes, encodeBytes, expandData } from '../spec/bytes.ts';
export { Contract } from '../spec/contract.ts';
export { ConformanceError, type ErrorKind } from '../spec/errors.ts';
export { listContracts, loadContract } from '../spec/io/load.ts';
export { Frames, Layout, Level, LEVELS, Observation, Outcome } from '../spec/observation.ts';
export { MAP_FLAGS } from '../spec/operations/mappings.ts';
export { Operation, OPERATION_NAMES, type OperationName, Program, Setting, SETTING_NAMES } from '../spec/program.ts';
export { Answer, Command, Event, Kernel, PROTOCOL_VERSION, TargetFacts } from '../spec/protocol.ts';
