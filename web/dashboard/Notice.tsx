/** What of a link could not be used, one sentence each. */
interface Props {
  sentences: string[];
  onDismiss(): void;
}

export function Notice({ sentences, onDismiss }: Props) {
  return (
    <div role="status">
      {sentences.length > 0 && (
        <div className="notice">
          <div>
            <strong>Part of this link was dropped; this is the first page of what remains.</strong>
            <ul>
              {sentences.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </div>
          <button type="button" className="button" onClick={onDismiss}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  );
}
