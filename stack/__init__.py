"""The real services on this machine: started on loopback with throwaway data and credentials, and taken away again."""
