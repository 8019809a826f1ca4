/** The theme's colour of the i-th series. */
export const colourOf = (i: number): string => `--series-${(i % 6) + 1}`;

/** Names with their colours. @param from the first one's colour */
export function Legend({ names, from = 0 }: { names: readonly string[]; from?: number }) {
  if (names.length === 0) return null;
  return (
    <ul class="legend">
      {names.map((name, i) => (
        <li key={name}>
          <span style={{ background: `var(${colourOf(i + from)})` }} />
          {name}
        </li>
      ))}
    </ul>
  );
}
