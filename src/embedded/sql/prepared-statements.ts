/** The prepared statements of a connection. */
import { concatBytes } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import type { LexMode } from '../../sql/scan/lex-mode.js';
import type { StmtExecute } from '../../wire/com-stmt-execute.js';
import { type ParameterTypes, filledIn, readParameters, splitAtParameters } from './statement-parameters.js';

/** One of them. */
interface PreparedStatement {
  readonly id: number;
  /** Its text around the parameters: one more than there are. */
  readonly parts: readonly string[];
  /** Of the last execution. */
  types: ParameterTypes | undefined;
  /** Sent ahead of an execution, by place. */
  readonly long: Map<number, Uint8Array>;
}

/** Statements with holes. */
export class PreparedStatements {
  readonly #statements = new Map<number, PreparedStatement>();
  #lastId = 0;

  /** @throws SqlError 1461 — there are too many. */
  prepare(text: string, mode: LexMode): PreparedStatement {
    if (this.#statements.size >= limits.localPreparedStatements)
      throw new SqlError(
        1461,
        '42000',
        `Can't create more than ${limits.localPreparedStatements} prepared statements`,
      );
    const statement = {
      id: ++this.#lastId,
      parts: splitAtParameters(text, mode),
      types: undefined,
      long: new Map(),
    };
    this.#statements.set(statement.id, statement);
    return statement;
  }

  /**
   * The columns of its answer. What cannot be told without the parameters' values is told when it is executed: then it
   * has no columns here, as with servers that do not plan ahead.
   *
   * @throws SqlError — what is wrong with the statement, whatever the values.
   */
  async describe(
    statement: PreparedStatement,
    describe: (text: string) => Promise<readonly OutputColumn[]>,
  ): Promise<readonly OutputColumn[]> {
    try {
      return await describe(
        filledIn(
          statement.parts,
          statement.parts.map(() => '1'),
        ),
      );
    } catch (error) {
      const hasParameters = statement.parts.length > 1;
      if (hasParameters && error instanceof SqlError && error.errno === 1235) return [];
      this.#statements.delete(statement.id);
      throw error;
    }
  }

  /** The text of an execution. @throws SqlError 1243; ProtocolError */
  filled({ statementId, parameters }: StmtExecute): string {
    const statement = this.#get(statementId);
    const { literals, types } = readParameters(
      parameters,
      statement.parts.length - 1,
      statement.types,
      statement.long,
    );
    statement.types = types;
    statement.long.clear();
    return filledIn(statement.parts, literals);
  }

  addLongData(statementId: number, parameterId: number, data: Uint8Array): void {
    const statement = this.#statements.get(statementId);
    // The command has no answer; an execution will say that there is no such statement.
    statement?.long.set(parameterId, concatBytes(statement.long.get(parameterId) ?? new Uint8Array(0), data));
  }

  /** @throws SqlError 1243 */
  reset(statementId: number): void {
    this.#get(statementId).long.clear();
  }

  close(statementId: number): void {
    this.#statements.delete(statementId);
  }

  clear(): void {
    this.#statements.clear();
  }

  #get(id: number): PreparedStatement {
    const statement = this.#statements.get(id);
    if (statement === undefined)
      throw new SqlError(1243, 'HY000', `Unknown prepared statement handler (${id}) given to EXECUTE`);
    return statement;
  }
}
