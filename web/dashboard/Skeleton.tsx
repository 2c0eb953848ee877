/** Grey rows where imports will be. */
export function Skeleton() {
  return (
    <div className="skeleton">
      <p className="summary" role="status">
        Loading imports…
      </p>
      {Array.from({ length: 12 }, (_, row) => (
        <div key={row} className="skeleton-row" />
      ))}
    </div>
  );
}
