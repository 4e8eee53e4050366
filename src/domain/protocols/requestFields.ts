import { BadRequestError } from "../protocol.ts";
import { flagMember, type JsonObject, textMember, wholeMember } from "./jsonValue.ts";
import { type FormField, formText } from "./multipart.ts";

/** The small members of a request that comes as JSON or as a form. Each gives null (a flag: false) where it is absent. */
export interface RequestFields {
  /** @throws BadRequestError where it is no text. */
  text(name: string): string | null;
  /** @throws BadRequestError where it is no whole number. */
  whole(name: string): number | null;
  /** @throws BadRequestError where it is neither true nor false. */
  flag(name: string): boolean;
}

export function jsonFields(request: JsonObject): RequestFields {
  return {
    text: (name) => textMember(request, name),
    whole: (name) => wholeMember(request, name),
    flag: (name) => flagMember(request, name),
  };
}

export function formFields(fields: readonly FormField[]): RequestFields {
  const text = (name: string) => formText(fields, name);
  return {
    text,
    whole(name) {
      const given = text(name)?.trim() ?? "";
      if (given !== "" && !/^-?\d{1,15}$/.test(given)) {
        throw new BadRequestError(`"${name}" must be a whole number`);
      }
      return given === "" ? null : Number(given);
    },
    flag(name) {
      const given = text(name)?.trim().toLowerCase() ?? "";
      if (!FLAGS.has(given)) {
        throw new BadRequestError(`"${name}" must be true or false`);
      }
      return FLAGS.get(given) as boolean;
    },
  };
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["", false],
  ["false", false],
  ["0", false],
  ["true", true],
  ["1", true],
]);
